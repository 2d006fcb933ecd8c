// Run as a process of its own by the tests: migrates a database and says what it applied.
import { connect } from "../connect.ts";
import { migrate } from "../migrate.ts";

const [connectionString = "", folder = ""] = process.argv.slice(2);
const database = connect({ connectionString }, { applicationName: "migrate", poolSize: 1 });
process.stdout.write(JSON.stringify(await migrate(database, folder)));
await database.close();
