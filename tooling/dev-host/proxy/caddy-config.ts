/** Where the proxy container finds what the dev host hands it. */
export const MOUNT = '/run/cc-ci'

/**
 * The proxy's configuration, in Caddy's JSON. It is the same for ever: each request is first put to the router's socket,
 * which answers with an address to pass it on to, or with the error to give. TLS with the wildcard certificate, HTTP/1.1
 * and 2, no HTTP/3, no ACME, no plain HTTP, no admin API.
 */
export function caddyConfig(): object {
  const passOn = (scheme: 'http' | 'https') => ({
    match: { status_code: [200], headers: { 'X-Scheme': [scheme] } },
    routes: [
      {
        handle: [
          {
            handler: 'reverse_proxy',
            upstreams: [{ dial: '{http.reverse_proxy.header.X-Upstream}' }],
            ...(scheme === 'https' ? { transport: { protocol: 'http', tls: { insecure_skip_verify: true } } } : {}),
          },
        ],
      },
    ],
  })
  return {
    admin: { disabled: true, config: { persist: false } },
    logging: { logs: { default: { level: 'WARN' } } },
    apps: {
      http: {
        servers: {
          apps: {
            listen: [':443'],
            protocols: ['h1', 'h2'],
            automatic_https: { disable: true },
            tls_connection_policies: [{}],
            routes: [
              {
                handle: [
                  {
                    handler: 'reverse_proxy',
                    upstreams: [{ dial: `unix/${MOUNT}/router.sock` }],
                    rewrite: { method: 'GET', uri: '/' },
                    headers: {
                      request: {
                        set: {
                          'X-Forwarded-Host': ['{http.request.host}'],
                          'X-Forwarded-Uri': ['{http.request.orig_uri.path}'],
                        },
                      },
                    },
                    handle_response: [passOn('http'), passOn('https')],
                  },
                ],
              },
            ],
          },
        },
      },
      tls: {
        certificates: { load_files: [{ certificate: `${MOUNT}/wildcard.pem`, key: `${MOUNT}/wildcard.key` }] },
      },
    },
  }
}
