-- CreateIndex
CREATE INDEX "deployments_name_id_idx" ON "deployments"("name", "id");

-- CreateIndex
CREATE INDEX "nodes_of_deployment_by_name" ON "nodes"("deployment_id", "name", "id") WHERE (state <> 'destroyed');

-- CreateIndex
CREATE INDEX "nodes_living_by_name" ON "nodes"("name", "id") WHERE (state <> 'destroyed');

-- CreateIndex
CREATE INDEX "nodes_name_idx" ON "nodes"("name");

-- CreateIndex
CREATE INDEX "nodes_labels_idx" ON "nodes" USING GIN ("labels");
