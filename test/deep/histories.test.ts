import { historiesSuite } from "../engines/histories/histories-suite.ts";

historiesSuite(2_000);
