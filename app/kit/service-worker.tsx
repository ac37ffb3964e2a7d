'use client'

import { useEffect } from 'react'

/** Registers the worker that opens the app without a network, and tells it which files this page uses. */
export function ServiceWorker() {
  useEffect(() => {
    if (!('serviceWorker' in navigator)) return
    const tell = (): void => {
      const files = performance
        .getEntriesByType('resource')
        .map((entry) => new URL(entry.name))
        .filter((url) => url.origin === window.location.origin && url.pathname.startsWith('/_next/static/'))
        .map((url) => url.pathname)
      navigator.serviceWorker.controller?.postMessage({ type: 'uses', pathname: window.location.pathname, files: [...new Set(files)] })
    }
    // Once the page is quiet its late chunks have come too.
    const later = (): number => window.setTimeout(tell, 1_500)
    let timer = 0
    const start = (): void => {
      timer = later()
    }
    navigator.serviceWorker.addEventListener('controllerchange', start)
    navigator.serviceWorker.register('/sw.js', { scope: '/' }).then(
      () => {
        if (navigator.serviceWorker.controller !== null) start()
      },
      // Without a worker everything works, but only while the server answers.
      () => undefined,
    )
    return () => {
      window.clearTimeout(timer)
      navigator.serviceWorker.removeEventListener('controllerchange', start)
    }
  }, [])
  return null
}
