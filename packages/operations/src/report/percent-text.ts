/** @param percentage 0 to 100. One decimal; never rounds a few to "0.0%" nor almost all to "100.0%". */
export function percentText(percentage: number): string {
  if (percentage > 0 && percentage < 0.05) return "<0.1%";
  if (percentage < 100 && percentage >= 99.95) return ">99.9%";
  return `${percentage.toFixed(1)}%`;
}
