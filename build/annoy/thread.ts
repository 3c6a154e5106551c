import { serveTasks } from "../threads/serve.ts";
import { treeRunner } from "./tree-work.ts";

serveTasks(treeRunner().run);
