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
])("A password in %s is left out of a back-up", (line, kept) => {
  expect(withoutPasswords(`environment = "live"\n${line}\n`)).toBe(`environment = "live"\n${kept}\n`);
});

test("What has no password is kept as it is", () => {
  const settings = 'dataFolder = "/srv/a:b@c"\n[database]\nurl = "postgresql://smki@db/smki"\n';
  expect(withoutPasswords(settings)).toBe(settings);
});
