export const farm = {};
