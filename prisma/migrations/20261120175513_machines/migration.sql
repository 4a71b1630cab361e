-- CreateTable
CREATE TABLE "machines" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "reason" JSONB NOT NULL,
    "since" TIMESTAMPTZ NOT NULL,
    "deadline" TIMESTAMPTZ NOT NULL,
    "approved" BOOLEAN NOT NULL,
    "trust" TEXT NOT NULL,
    "dirty" BOOLEAN NOT NULL DEFAULT false,
    "identity" JSONB NOT NULL,
    "marks" TEXT[],
    "labels" JSONB NOT NULL DEFAULT '{}',
    "subnet" TEXT,
    "bmc" JSONB,
    "facts" JSONB,
    "facts_at" TIMESTAMPTZ,
    "allocation" JSONB,
    "allocation_key" TEXT,
    "deployment_id" UUID,
    "node_id" UUID,
    "install" JSONB,
    "power" JSONB NOT NULL,
    "look_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "machines_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machine_tasks" (
    "id" UUID NOT NULL,
    "machine_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "body" JSONB NOT NULL,
    "purpose" TEXT NOT NULL,
    "epoch" TIMESTAMPTZ NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "session" TEXT,
    "progress" JSONB,
    "result" JSONB,
    "not_after" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ended_at" TIMESTAMPTZ,

    CONSTRAINT "machine_tasks_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "machines_site_id_state_idx" ON "machines"("site_id", "state");

-- CreateIndex
CREATE INDEX "machines_site_id_look_at_idx" ON "machines"("site_id", "look_at");

-- CreateIndex
CREATE INDEX "machines_node_id_idx" ON "machines"("node_id");

-- CreateIndex
CREATE INDEX "machines_deployment_id_idx" ON "machines"("deployment_id");

-- CreateIndex
CREATE INDEX "machines_marks_idx" ON "machines" USING GIN ("marks");

-- CreateIndex
CREATE INDEX "machines_name_id_idx" ON "machines"("name", "id");

-- CreateIndex
CREATE UNIQUE INDEX "machines_site_id_name_key" ON "machines"("site_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "machines_one_per_key" ON "machines"("site_id", "allocation_key") WHERE (allocation_key IS NOT NULL);

-- CreateIndex
CREATE INDEX "machine_tasks_machine_id_created_at_idx" ON "machine_tasks"("machine_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "machine_tasks_machine_id_kind_purpose_epoch_key" ON "machine_tasks"("machine_id", "kind", "purpose", "epoch");

-- AddForeignKey
ALTER TABLE "machines" ADD CONSTRAINT "machines_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "sites"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_tasks" ADD CONSTRAINT "machine_tasks_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;
