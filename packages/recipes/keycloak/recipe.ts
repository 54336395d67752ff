import { gunzipSync } from 'node:zlib'
import { defineRecipe } from '@cc-ci/fixtures/recipe'

/** What gzip writes first. */
const GZIP = Buffer.from([0x1f, 0x8b])

export default defineRecipe({
  // Keycloak's own health is on a port that is not routed, so a realm is asked for.
  health: { path: '/realms/master', statuses: [200] },
  // A cold start migrates a database, on a JVM that has compiled nothing yet.
  timeouts: { deploy: 900, http: 900 },
  backup: {
    // Where the database is saved as a dump, it is Keycloak's database, with its realms in it.
    verify: ({ path, content }) => {
      const dump = content.subarray(0, GZIP.length).equals(GZIP) ? gunzipSync(content) : content
      if (!/^INSERT INTO [`"]?realm[`"]? /im.test(dump.toString('latin1'))) {
        throw new Error(`${path} holds no realm: it has no row of Keycloak's table REALM`)
      }
    },
  },
  canonical: true,
})
