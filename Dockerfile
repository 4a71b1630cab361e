# Server, worker and command line in one image; docker-compose.yml says which of them a container runs.
# Never built where this repository's own checks run: those machines have no Docker engine.
FROM node:20-bookworm-slim AS build
WORKDIR /formwork
COPY . .
RUN npm ci --ignore-scripts && npm run build && npm prune --omit=dev --ignore-scripts

FROM node:20-bookworm-slim
ENV NODE_ENV=production
WORKDIR /formwork
# What the scripts of a pack may need on the worker is on the nodes, not here.
COPY --from=build /formwork/package.json ./
COPY --from=build /formwork/node_modules ./node_modules
COPY --from=build /formwork/packages ./packages
COPY --from=build /formwork/apps ./apps
COPY --from=build /formwork/prisma ./prisma
COPY --from=build /formwork/content ./content
RUN ln -s /formwork/apps/cli/dist/main.js /usr/local/bin/formwork && chmod +x apps/cli/dist/main.js \
  && install -d -o node -g node -m 0700 /var/lib/formwork /keys
USER node
CMD ["node", "apps/server/dist/main.js"]
