import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { ServiceWorker } from './kit/service-worker.tsx'
import './globals.css'

export const metadata: Metadata = {
  description: 'A local-first workbook whose rows are tied to the records of your apps.',
  icons: '/icon.svg',
  manifest: '/manifest.webmanifest',
}

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  // A phone's keyboard makes the grid shorter instead of covering the cell that is edited.
  interactiveWidget: 'resizes-content',
}

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en" suppressHydrationWarning>
      <head>
        {/* Synchronous: a chosen theme must stand before the first paint. */}
        <script src="/theme.js" />
      </head>
      <body>
        {children}
        <ServiceWorker />
      </body>
    </html>
  )
}
