import { mysqlHistoriesSuite } from "../engines/mysql/histories/histories-suite.ts";

mysqlHistoriesSuite(2_000);
