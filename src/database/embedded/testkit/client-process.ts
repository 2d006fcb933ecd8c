// Run as another user by the tests: connects, and says whether it was let in.
import { sql } from "kysely";
import { isSmkiError } from "../../../errors/smki-error.ts";
import { connect } from "../../connect.ts";

const [connectionString = ""] = process.argv.slice(2);
const database = connect({ connectionString }, { applicationName: "test", poolSize: 1 });
try {
  await database.read((tx) => sql`select 1`.execute(tx));
  process.stdout.write("let in");
} catch (error) {
  process.stdout.write(isSmkiError(error) ? error.code : String(error));
} finally {
  await database.close();
}
