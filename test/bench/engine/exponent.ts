/** The exponent `b` of `y = a * x^b` that fits the points best, by least squares on their logarithms. */
export function exponent(points: readonly { readonly x: number; readonly y: number }[]): number {
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const mean = (pick: (point: { x: number; y: number }) => number): number =>
    logs.reduce((sum, point) => sum + pick(point), 0) / logs.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const over = logs.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0);
  return over / logs.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
}
