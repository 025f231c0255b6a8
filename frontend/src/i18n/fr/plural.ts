/** The form that French uses after `n`: zero takes the singular. */
export const plural = (n: number, one: string, many: string): string => (n < 2 ? one : many);
