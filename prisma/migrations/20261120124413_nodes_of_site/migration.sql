-- CreateIndex
CREATE INDEX "nodes_of_site_by_name" ON "nodes"("site_id", "name", "id") WHERE (state <> 'destroyed');
