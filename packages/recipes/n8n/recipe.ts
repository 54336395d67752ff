import { defineRecipe } from '@cc-ci/fixtures/recipe'

export default defineRecipe({
  health: { path: '/healthz', statuses: [200] },
  // It says that it is healthy before it has anything to show: first there is only a page that says so, and no API.
  ready: async ({ http }) => {
    const editor = await http.get('/')
    if (editor.status !== 200 || /starting up/i.test(editor.text())) throw new Error('the editor is not there yet')
    const login = await http.get('/rest/login')
    if (login.status !== 401) throw new Error(`the API is not there yet: /rest/login answers ${login.status}`)
  },
  // It reads some thousand files when it starts, and says nothing new meanwhile; its backup is proven with two starts more.
  timeouts: { deploy: 900, use: 1200, settle: 180 },
})
