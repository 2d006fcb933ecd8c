import type { WebServer } from "./create-server.ts";

/**
 * Watches the routes of a server, all registered afterwards.
 *
 * @returns a function that says which methods a path answers to, so that a wrong one is told apart from a
 *   wrong path (RFC 9110 15.5.6)
 */
export function allowedMethods(server: WebServer): (path: string) => string[] {
  const routes: { readonly form: RegExp; readonly methods: readonly string[] }[] = [];
  server.addHook("onRoute", ({ url, method }) => {
    routes.push({ form: formOf(url), methods: typeof method === "string" ? [method] : method });
  });
  return (path) => [
    ...new Set(routes.filter(({ form }) => form.test(path)).flatMap(({ methods }) => methods)),
  ];
}

/** `/batches/:batch` takes anything but a slash in the place of the parameter, `/tile/*` anything at all. */
function formOf(url: string): RegExp {
  const literal = url.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replace("*", ".*");
  return new RegExp(`^${literal.replaceAll(/:[A-Za-z]+/g, "[^/]+")}$`);
}
