/** @type {import('next').NextConfig} */
const config = {
  reactStrictMode: true,
  poweredByHeader: false,
  distDir: '.next',
  // Types are checked by their own step of the tests; the build would check them a second time.
  typescript: { ignoreBuildErrors: true },
  // Said outright: a lock file in a folder above would make Next take that folder for the project.
  turbopack: { root: import.meta.dirname },
  // A dev server writes no files into the repository and asks the network for nothing.
  agentRules: false,
  // One page serves every workbook: it reads which from the address, so it is built once and sent as a file.
  rewrites: async () => [{ source: '/w/:path*', destination: '/w' }],
  experimental: { agentUpgrade: false },
}

export default config
