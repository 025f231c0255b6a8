export { service } from "./service";
export { shell } from "./shell";
export { write } from "./write";
export { listen } from "./listen";
export { library } from "./library";
export { system } from "./system";
