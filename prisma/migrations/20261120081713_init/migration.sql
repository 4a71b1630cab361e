-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "sites" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "configuration" JSONB NOT NULL,
    "params" JSONB NOT NULL DEFAULT '{}',
    "credentials" TEXT,
    "max_nodes" INTEGER,
    "max_creates" INTEGER NOT NULL DEFAULT 20,
    "catalogue" JSONB,
    "check" JSONB,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "sites_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "packs" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "version" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "source" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "packs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "role_bundles" (
    "digest" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "document" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "role_bundles_pkey" PRIMARY KEY ("digest")
);

-- CreateTable
CREATE TABLE "deployments" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'new',
    "proposed_version" INTEGER NOT NULL DEFAULT 0,
    "committed_version" INTEGER NOT NULL DEFAULT 0,
    "paused" BOOLEAN NOT NULL DEFAULT false,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "founders" JSONB NOT NULL DEFAULT '{}',
    "once" JSONB NOT NULL DEFAULT '{}',
    "ssh_public_key" TEXT,
    "ssh_private_key" TEXT,
    "expires_at" TIMESTAMPTZ,
    "leaks" JSONB,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deployments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "specification_versions" (
    "deployment_id" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "document" JSONB NOT NULL,
    "packs" JSONB NOT NULL,
    "digest" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "specification_versions_pkey" PRIMARY KEY ("deployment_id","version")
);

-- CreateTable
CREATE TABLE "plans" (
    "id" UUID NOT NULL,
    "deployment_id" UUID NOT NULL,
    "specification_version" INTEGER NOT NULL,
    "purpose" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "document" JSONB NOT NULL,
    "created_by" TEXT NOT NULL,
    "approved_by" TEXT,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "approved_at" TIMESTAMPTZ,

    CONSTRAINT "plans_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "runs" (
    "id" UUID NOT NULL,
    "deployment_id" UUID NOT NULL,
    "plan_id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'running',
    "summary" JSONB,
    "params" JSONB,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ,

    CONSTRAINT "runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "nodes" (
    "id" UUID NOT NULL,
    "deployment_id" UUID,
    "site_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "group_name" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'planned',
    "origin" TEXT NOT NULL DEFAULT 'created',
    "lost" BOOLEAN NOT NULL DEFAULT false,
    "locked" BOOLEAN NOT NULL DEFAULT false,
    "maintenance" BOOLEAN NOT NULL DEFAULT false,
    "image" TEXT,
    "size" JSONB,
    "capabilities" JSONB NOT NULL DEFAULT '[]',
    "labels" JSONB NOT NULL DEFAULT '{}',
    "facts" JSONB NOT NULL DEFAULT '{}',
    "host" TEXT,
    "port" INTEGER,
    "ssh_user" TEXT,
    "host_key" TEXT,
    "host_key_trust" TEXT,
    "provider_id" TEXT,
    "incarnation" INTEGER NOT NULL DEFAULT 1,
    "candidate" INTEGER NOT NULL DEFAULT 0,
    "message" TEXT,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "nodes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "create_intents" (
    "key" TEXT NOT NULL,
    "node_id" UUID NOT NULL,
    "incarnation" INTEGER NOT NULL,
    "candidate" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "create_intents_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "node_roles" (
    "id" UUID NOT NULL,
    "deployment_id" UUID NOT NULL,
    "node_id" UUID,
    "site_id" UUID,
    "key" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "as" TEXT NOT NULL,
    "group_name" TEXT,
    "stage" TEXT NOT NULL,
    "lane" TEXT NOT NULL,
    "role_digest" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "state_data" JSONB NOT NULL DEFAULT '{}',
    "applied" JSONB,
    "founder" BOOLEAN NOT NULL DEFAULT false,
    "ever_started" BOOLEAN NOT NULL DEFAULT false,
    "run_id" UUID,
    "pending" JSONB,
    "holds" BOOLEAN NOT NULL DEFAULT false,
    "drive_at" TIMESTAMPTZ,
    "dispatch" INTEGER NOT NULL DEFAULT 0,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "fence" INTEGER NOT NULL DEFAULT 0,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "node_roles_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "id" UUID NOT NULL,
    "node_role_id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "action" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "input_hash" TEXT,
    "inputs" JSONB,
    "resume" JSONB,
    "error" JSONB,
    "worker" TEXT,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ,

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "claims" (
    "node_role_id" UUID NOT NULL,
    "attempt_id" UUID NOT NULL,
    "worker" TEXT NOT NULL,
    "fence" INTEGER NOT NULL,
    "lease_until" TIMESTAMPTZ NOT NULL,
    "abort" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "claims_pkey" PRIMARY KEY ("node_role_id")
);

-- CreateTable
CREATE TABLE "lock_holds" (
    "name" TEXT NOT NULL,
    "scope_key" TEXT NOT NULL,
    "node_role_id" UUID NOT NULL,
    "since" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "lock_holds_pkey" PRIMARY KEY ("name","scope_key")
);

-- CreateTable
CREATE TABLE "log_chunks" (
    "attempt_id" UUID NOT NULL,
    "offset" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    "text" TEXT NOT NULL,
    "at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "log_chunks_pkey" PRIMARY KEY ("attempt_id","offset")
);

-- CreateTable
CREATE TABLE "events" (
    "id" BIGINT NOT NULL,
    "at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "kind" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "deployment_id" UUID,
    "run_id" UUID,
    "node_id" UUID,
    "node_role_id" UUID,
    "data" JSONB NOT NULL,

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "counters" (
    "name" TEXT NOT NULL,
    "value" BIGINT NOT NULL,

    CONSTRAINT "counters_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "queue" TEXT NOT NULL,
    "job_id" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "site_tasks" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "params" JSONB NOT NULL DEFAULT '{}',
    "state" TEXT NOT NULL DEFAULT 'asked',
    "result" JSONB,
    "dispatch" INTEGER NOT NULL DEFAULT 1,
    "requested_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ,

    CONSTRAINT "site_tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "workers" (
    "id" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "sites" JSONB NOT NULL,
    "slots" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tokens" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "scope" JSONB NOT NULL DEFAULT '{}',
    "expires_at" TIMESTAMPTZ,
    "revoked_at" TIMESTAMPTZ,
    "last_used_at" TIMESTAMPTZ,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "idempotency_keys" (
    "token_id" UUID NOT NULL,
    "route" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "body_hash" TEXT NOT NULL,
    "status" INTEGER,
    "response" JSONB,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("token_id","route","key")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" BIGINT NOT NULL,
    "at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "address" TEXT,
    "previous" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "data_keys" (
    "scope" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "wrapped" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "data_keys_pkey" PRIMARY KEY ("scope","version")
);

-- CreateTable
CREATE TABLE "secrets" (
    "id" UUID NOT NULL,
    "scope" TEXT NOT NULL,
    "ref" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "ciphertext" BYTEA NOT NULL,
    "digest" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "secrets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "sites_name_key" ON "sites"("name");

-- CreateIndex
CREATE UNIQUE INDEX "packs_name_version_key" ON "packs"("name", "version");

-- CreateIndex
CREATE UNIQUE INDEX "deployments_living_name" ON "deployments"("name") WHERE (state <> 'destroyed');

-- CreateIndex
CREATE INDEX "plans_deployment_id_created_at_idx" ON "plans"("deployment_id", "created_at");

-- CreateIndex
CREATE INDEX "runs_deployment_id_started_at_idx" ON "runs"("deployment_id", "started_at");

-- CreateIndex
CREATE UNIQUE INDEX "runs_one_live" ON "runs"("deployment_id") WHERE (state = 'running');

-- CreateIndex
CREATE INDEX "nodes_site_id_state_idx" ON "nodes"("site_id", "state");

-- CreateIndex
CREATE INDEX "nodes_deployment_id_idx" ON "nodes"("deployment_id");

-- CreateIndex
CREATE UNIQUE INDEX "nodes_living_name" ON "nodes"("deployment_id", "name") WHERE (state <> 'destroyed');

-- CreateIndex
CREATE INDEX "create_intents_node_id_idx" ON "create_intents"("node_id");

-- CreateIndex
CREATE INDEX "node_roles_run_id_idx" ON "node_roles"("run_id");

-- CreateIndex
CREATE INDEX "node_roles_node_id_idx" ON "node_roles"("node_id");

-- CreateIndex
CREATE INDEX "node_roles_moving" ON "node_roles"("drive_at") WHERE (holds);

-- CreateIndex
CREATE UNIQUE INDEX "node_roles_living_key" ON "node_roles"("deployment_id", "key") WHERE (state <> 'removed');

-- CreateIndex
CREATE UNIQUE INDEX "node_roles_one_per_lane" ON "node_roles"("node_id", "lane") WHERE (holds AND node_id IS NOT NULL);

-- CreateIndex
CREATE INDEX "attempts_run_id_idx" ON "attempts"("run_id");

-- CreateIndex
CREATE UNIQUE INDEX "attempts_node_role_id_number_key" ON "attempts"("node_role_id", "number");

-- CreateIndex
CREATE INDEX "claims_lease_until_idx" ON "claims"("lease_until");

-- CreateIndex
CREATE INDEX "claims_worker_idx" ON "claims"("worker");

-- CreateIndex
CREATE UNIQUE INDEX "lock_holds_node_role_id_key" ON "lock_holds"("node_role_id");

-- CreateIndex
CREATE INDEX "events_deployment_id_id_idx" ON "events"("deployment_id", "id");

-- CreateIndex
CREATE INDEX "events_node_role_id_id_idx" ON "events"("node_role_id", "id");

-- CreateIndex
CREATE INDEX "events_node_id_id_idx" ON "events"("node_id", "id");

-- CreateIndex
CREATE INDEX "site_tasks_state_created_at_idx" ON "site_tasks"("state", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_hash_key" ON "tokens"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "secrets_scope_ref_version_key" ON "secrets"("scope", "ref", "version");

-- AddForeignKey
ALTER TABLE "specification_versions" ADD CONSTRAINT "specification_versions_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "plans" ADD CONSTRAINT "plans_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "runs" ADD CONSTRAINT "runs_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "sites"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "node_roles" ADD CONSTRAINT "node_roles_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "node_roles" ADD CONSTRAINT "node_roles_node_id_fkey" FOREIGN KEY ("node_id") REFERENCES "nodes"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempts" ADD CONSTRAINT "attempts_node_role_id_fkey" FOREIGN KEY ("node_role_id") REFERENCES "node_roles"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "log_chunks" ADD CONSTRAINT "log_chunks_attempt_id_fkey" FOREIGN KEY ("attempt_id") REFERENCES "attempts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "site_tasks" ADD CONSTRAINT "site_tasks_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "sites"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma cannot say.
INSERT INTO "counters" ("name", "value") VALUES ('events', 0);
ALTER TABLE "node_roles" ADD CONSTRAINT "node_roles_state_known" CHECK ("state" IN ('proposed','blocked','ready','running','waiting','active','failed','skipped','removing','removed'));
ALTER TABLE "node_roles" ADD CONSTRAINT "node_roles_state_data_agrees" CHECK ("state_data"->>'state' = "state");
ALTER TABLE "nodes" ADD CONSTRAINT "nodes_state_known" CHECK ("state" IN ('planned','creating','ready','unreachable','maintenance','destroying','destroyed','failed'));
ALTER TABLE "runs" ADD CONSTRAINT "runs_state_known" CHECK ("state" IN ('running','succeeded','failed','cancelled','superseded'));
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_state_known" CHECK ("state" IN ('new','running','active','failed','destroying','destroyed'));
