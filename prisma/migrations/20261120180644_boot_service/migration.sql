-- CreateTable
CREATE TABLE "boot_sessions" (
    "id" UUID NOT NULL,
    "site_id" UUID NOT NULL,
    "machine_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "token_hash" TEXT,
    "mac" TEXT,
    "address" TEXT,
    "state" TEXT NOT NULL,
    "public_key" TEXT,
    "counter" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "claimed_at" TIMESTAMPTZ,

    CONSTRAINT "boot_sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machine_logs" (
    "id" BIGSERIAL NOT NULL,
    "machine_id" UUID NOT NULL,
    "session_id" UUID NOT NULL,
    "at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "text" TEXT NOT NULL,

    CONSTRAINT "machine_logs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dhcp_leases" (
    "site_id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "client" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "hostname" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "sequence" BIGINT NOT NULL,

    CONSTRAINT "dhcp_leases_pkey" PRIMARY KEY ("site_id","address")
);

-- CreateTable
CREATE TABLE "site_problems" (
    "site_id" UUID NOT NULL,
    "code" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "first_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "times" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "site_problems_pkey" PRIMARY KEY ("site_id","code","subject")
);

-- CreateIndex
CREATE UNIQUE INDEX "boot_sessions_token_hash_key" ON "boot_sessions"("token_hash");

-- CreateIndex
CREATE INDEX "boot_sessions_machine_id_created_at_idx" ON "boot_sessions"("machine_id", "created_at");

-- CreateIndex
CREATE INDEX "boot_sessions_expires_at_idx" ON "boot_sessions"("expires_at");

-- CreateIndex
CREATE INDEX "machine_logs_machine_id_id_idx" ON "machine_logs"("machine_id", "id");

-- CreateIndex
CREATE INDEX "dhcp_leases_site_id_client_idx" ON "dhcp_leases"("site_id", "client");

-- AddForeignKey
ALTER TABLE "boot_sessions" ADD CONSTRAINT "boot_sessions_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_logs" ADD CONSTRAINT "machine_logs_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dhcp_leases" ADD CONSTRAINT "dhcp_leases_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "sites"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "site_problems" ADD CONSTRAINT "site_problems_site_id_fkey" FOREIGN KEY ("site_id") REFERENCES "sites"("id") ON DELETE CASCADE ON UPDATE CASCADE;
