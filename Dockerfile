# The service with its built-in modules: docker run --init -v hookyard:/data -p 8080:8080 IMAGE
FROM node:24-bookworm-slim AS installed
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages/hookyard/package.json packages/hookyard/
COPY packages/sdk/package.json packages/sdk/
COPY packages/standins/package.json packages/standins/
COPY modules/issue-triage/package.json modules/issue-triage/
COPY modules/pr-review/package.json modules/pr-review/
# No dependency of the service needs a script: better-sqlite3 brings its binaries along.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
# The namespace around modules. Where the runtime allows no user namespaces `isolation: auto` goes without it.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends bubblewrap ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /data
COPY --from=installed /app /app
COPY LICENSE /app/
COPY schema /app/schema
COPY packages /app/packages
COPY modules /app/modules
RUN ln -s /app/packages/hookyard/bin/hookyard.js /usr/local/bin/hookyard
ENV NODE_ENV=production
USER node
# hookyard.yaml, .env and data_dir.
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOOKYARD_PORT ?? 8080}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["hookyard"]
CMD ["start"]
