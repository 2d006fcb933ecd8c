import { Command } from "commander";
import { serve } from "../processes/serve.ts";
import { work } from "../processes/work.ts";
import { type EstateOptions, settingsOf, withEstateOptions } from "./estate-options.ts";

/** The verb `smki serve`: one web process. */
export function serveCommand(): Command {
  return withEstateOptions(new Command("serve"))
    .description("one web process, which opens no key; `smki up` starts it for you")
    .action((options: EstateOptions) => serve(settingsOf(options)));
}

/** The verb `smki work`: one worker process. */
export function workCommand(): Command {
  return withEstateOptions(new Command("work"))
    .description("one worker process, which opens the operational keys; `smki up` starts one for each core")
    .action((options: EstateOptions) => work(settingsOf(options)));
}
