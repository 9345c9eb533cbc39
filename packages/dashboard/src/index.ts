export { createDashboard, type DashboardOptions } from "./create-dashboard.ts";
export { docsPage, type OpenApi } from "./docs-page.ts";
export { pagePolicy } from "./layout.ts";
