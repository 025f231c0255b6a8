export const listen = {};
