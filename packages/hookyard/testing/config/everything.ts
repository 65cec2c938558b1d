// The contract's page with every key, the placeholders filled in, and an admin (one is needed).

/** Loads with GITHUB_WEBHOOK_SECRET set. */
export const EVERYTHING = `
repos: []                        # OWNER/NAME or OWNER/*, case-insensitive
notify: null
server: { host: 127.0.0.1, port: 8080, public_url: null, trust_proxy: false }   # port 0: any free one
data_dir: ./data
database: sqlite                 # data_dir/hookyard.db, or postgres://user:pass@host:port/db
github:
  webhook_secret: \${GITHUB_WEBHOOK_SECRET}   # string, or list while rotating
  token: ghp_token
  api_url: https://api.github.com
  intake: webhook
inbound: { secret: inbound-secret }
telegram: { bot_token: "123:abc", api_url: https://api.telegram.org, updates: polling, webhook_secret: telegram-secret }
agent:
  backend: auto
  command: claude
  model: sonnet
  api_key: sk-key
  timeout: 5m
  os_user: null
  env: {}
  fallback: null
budgets: { per_run_usd: 1, per_day_usd: 5 }
users:
  - name: alice
    chat_id: 111
    role: admin
    github: alice
    repos: ["octocat/Hello-World"]
    notify_chat_id: -100222
    hear: all
    features: { pr_review: true, issue_triage: true }
api_tokens: [{ name: claude, token: some-long-api-token, user: alice, scopes: ["modules:invoke", "runs:read"] }]
module_dirs: ["./my-modules"]
modules:
  pr-review: { enabled: true, config: {}, cooldown: 5m }
workers: { concurrency: 4 }
retention: { deliveries: 30d, runs: 90d }
log: { level: info, format: json }
`
