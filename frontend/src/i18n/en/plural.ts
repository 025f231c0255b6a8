/** The form that English uses after `n`. */
export const plural = (n: number, one: string, many: string): string => (n === 1 ? one : many);
