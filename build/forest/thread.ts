import { serveTasks } from "../threads/serve.ts";
import { runTask } from "./tasks.ts";

serveTasks(runTask);
