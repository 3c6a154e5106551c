import { serveTasks } from "../../threads/serve.ts";
import { runEncodeTask } from "./work.ts";

serveTasks(runEncodeTask);
