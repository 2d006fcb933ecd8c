import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Something that tests use and the npm packages do not bring. */
interface Need {
  /** The Debian packages that bring it. */
  readonly packages: readonly string[];
  readonly present: () => boolean;
}

const softhsmModules = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/local/lib/softhsm/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

const needs: readonly Need[] = [
  { packages: ["softhsm2"], present: () => softhsmModules.some((file) => existsSync(file)) },
  { packages: ["openssl"], present: () => onPath("openssl") },
  { packages: ["python3"], present: () => onPath("python3") },
  { packages: ["zip", "unzip"], present: () => onPath("zip") && onPath("unzip") },
  { packages: ["openssh-client"], present: () => onPath("sftp") },
  { packages: ["libxml2-utils"], present: () => onPath("xmllint") },
  { packages: ["chromium"], present: () => onPath("chromium") || onPath("chromium-browser") },
];

/** What pkcs11js compiles with at install. Without it the tests with a PKCS#11 token are skipped. */
const compiler: Need = { packages: ["g++", "make", "python3"], present: hasCompiler };

/**
 * Brings what the tests need beyond the npm packages: by apt where we are root on Debian, else not at all;
 * the tests that miss something are then skipped by name. Nothing here fails the run.
 *
 * @param root - the clone's folder
 * @param say - tells the person what is being done
 */
export function provideNeeds(root: string, say: (line: string) => void): void {
  const pkcs11 = () => canLoadPkcs11(root);
  const missing = [...needs, ...(pkcs11() ? [] : [compiler])].filter((need) => !need.present());
  if (missing.length > 0 && process.getuid?.() === 0 && onPath("apt-get")) {
    aptInstall(
      missing.flatMap((need) => need.packages),
      say,
    );
  }
  const stillMissing = missing.filter((need) => !need.present());
  if (stillMissing.length > 0) {
    const packages = stillMissing.flatMap((need) => need.packages).join(" ");
    say(
      `not installed: ${packages}. The tests that need them are skipped; as root: apt-get install ${packages}`,
    );
  }
  if (!pkcs11() && hasCompiler()) rebuildPkcs11(root, say);
}

function onPath(command: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, command)));
}

function hasCompiler(): boolean {
  return onPath("make") && onPath("python3") && (onPath("g++") || onPath("c++") || onPath("clang++"));
}

function canLoadPkcs11(root: string): boolean {
  // In a process of its own: a failed load of a native addon is remembered.
  return (
    spawnSync(process.execPath, ["-e", 'require("pkcs11js")'], { cwd: root, stdio: "ignore" }).status === 0
  );
}

function aptInstall(packages: readonly string[], say: (line: string) => void): void {
  say(`installing for the tests: ${packages.join(" ")} ...`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-qq", ...args], { env: environment, stdio: ["ignore", "ignore", "ignore"] })
      .status === 0;
  apt("update");
  if (apt("install", "-y", "--no-install-recommends", ...packages)) return;
  // One package that cannot be had must not keep the others away.
  for (const name of packages) {
    if (!apt("install", "-y", "--no-install-recommends", name)) say(`apt-get could not install ${name}`);
  }
}

/** pkcs11js is optional: npm leaves it out where it does not compile, so a compiler that came later needs a second install. */
function rebuildPkcs11(root: string, say: (line: string) => void): void {
  say("building pkcs11js, now that there is a compiler ...");
  const run = spawnSync("npm", ["ci", "--loglevel=error", "--no-audit", "--no-fund", "--include=dev"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (run.status !== 0 || !canLoadPkcs11(root))
    say("pkcs11js did not build; the tests that need it are skipped");
}
