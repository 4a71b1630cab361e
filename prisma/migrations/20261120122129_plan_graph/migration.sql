-- The graph of a plan gets a column of its own; plans that are there keep theirs.
-- AlterTable
ALTER TABLE "plans" ADD COLUMN     "graph" JSONB NOT NULL DEFAULT '{"vertices": [], "edges": []}';
UPDATE "plans" SET "graph" = "document"->'graph', "document" = "document" - 'graph' WHERE "document" ? 'graph';
ALTER TABLE "plans" ALTER COLUMN "graph" DROP DEFAULT;
