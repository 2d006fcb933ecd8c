import { expect, test } from "vitest";
import { withoutPasswords } from "./passwords.ts";

test.each([
  ['url = "postgresql://smki:s3cr3t@db:5432/smki"', 'url = "postgresql://smki@db:5432/smki"'],
  [
    "url = 'postgres://smki:p%40ss@db/smki?sslmode=require'",
    "url = 'postgres://smki@db/smki?sslmode=require'",
  ],
  [
    'url = "postgresql:///smki?user=smki&password=s3cr3t&sslmode=require"',
    'url = "postgresql:///smki?user=smki&password=&sslmode=require"',
  ],
  ['url = "postgresql://smki:it\'s@db/smki"', 'url = "postgresql://smki@db/smki"'],
  ['url = "postgresql://smki:s3@cr3t@db/smki"', 'url = "postgresql://smki@db/smki"'],
  ['# url = "postgres://smki:old@db/smki"', '# url = "postgres://smki@db/smki"'],
  ['url = "postgresql:///smki?sslpassword=s3cr3t"', 'url = "postgresql:///smki?sslpassword="'],
])("A password in %s is left out of a back-up", (line, kept) => {
  expect(withoutPasswords(`environment = "live"\n${line}\n`)).toBe(`environment = "live"\n${kept}\n`);
});

test("What has no password is kept as it is", () => {
  const settings = 'dataFolder = "/srv/a:b@c"\n[database]\nurl = "postgresql://smki@db/smki"\n';
  expect(withoutPasswords(settings)).toBe(settings);
});

test.each([
  '[database]\nurl = "postgresql\\u003a//smki:s3cr3t@db/smki"\n',
  'database.url = """\npostgres\\\n   ql://smki:s3cr3t@db/smki"""\n',
  'database = { url = "postgresql://smki\\u003as3cr3t@db/smki" }\n',
])("One that is written so that the text does not show it goes with its setting: %j", (settings) => {
  const kept = withoutPasswords(`environment = "live"\n${settings}`);
  expect(kept).not.toContain("s3cr3t");
  expect(kept).toContain("live");
});
