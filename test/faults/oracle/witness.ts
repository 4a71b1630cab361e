import type { Database } from '@formwork/db';

/**
 * Looks on inside the database while a round is played, where nothing escapes it: triggers write down each change that
 * must never be, in the transaction that makes it. Tables of its own schema, nothing of ours is changed.
 */
export async function installWitness(db: Database): Promise<void> {
  await db.query(`CREATE SCHEMA faults_witness`);
  await db.query(
    `CREATE TABLE faults_witness.seen (at timestamptz NOT NULL DEFAULT clock_timestamp(), what text NOT NULL)`,
  );
  await db.query(`
    CREATE FUNCTION faults_witness.node_role() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.fence < OLD.fence OR NEW.attempt < OLD.attempt OR NEW.dispatch < OLD.dispatch OR NEW.version < OLD.version THEN
        INSERT INTO faults_witness.seen (what) VALUES (format('a counter of %s fell: fence %s to %s, attempt %s to %s, dispatch %s to %s, version %s to %s',
          NEW.key, OLD.fence, NEW.fence, OLD.attempt, NEW.attempt, OLD.dispatch, NEW.dispatch, OLD.version, NEW.version));
      END IF;
      IF NEW.state_data <> OLD.state_data AND NEW.version = OLD.version THEN
        INSERT INTO faults_witness.seen (what) VALUES (format('the state of %s changed without its version', NEW.key));
      END IF;
      RETURN NULL;
    END $$`);
  await db.query(
    `CREATE TRIGGER faults_witness AFTER UPDATE ON node_roles FOR EACH ROW EXECUTE FUNCTION faults_witness.node_role()`,
  );
  await db.query(`
    CREATE FUNCTION faults_witness.claim() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.fence < OLD.fence THEN
        INSERT INTO faults_witness.seen (what) VALUES (format('the fence of the claim %s fell from %s to %s', NEW.node_role_id, OLD.fence, NEW.fence));
      END IF;
      IF NEW.worker <> OLD.worker AND OLD.lease_until > clock_timestamp() THEN
        INSERT INTO faults_witness.seen (what) VALUES (format('%s took the claim %s from %s, whose lease was alive', NEW.worker, NEW.node_role_id, OLD.worker));
      END IF;
      RETURN NULL;
    END $$`);
  await db.query(
    `CREATE TRIGGER faults_witness AFTER UPDATE ON claims FOR EACH ROW EXECUTE FUNCTION faults_witness.claim()`,
  );
  await db.query(`
    CREATE FUNCTION faults_witness.attempt() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state IN ('done', 'failed', 'aborted') AND NEW.state <> OLD.state THEN
        INSERT INTO faults_witness.seen (what) VALUES (format('attempt %s of %s was %s and became %s', OLD.number, OLD.node_role_id, OLD.state, NEW.state));
      END IF;
      RETURN NULL;
    END $$`);
  await db.query(
    `CREATE TRIGGER faults_witness AFTER UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION faults_witness.attempt()`,
  );
}

/** What the witness has seen, oldest first. */
export const readWitness = async (db: Database): Promise<readonly string[]> =>
  (await db.query<{ what: string }>('SELECT what FROM faults_witness.seen ORDER BY at')).map(({ what }) => what);
