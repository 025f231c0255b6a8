/** A list of names with values. */
export function PropertyList({
  properties,
}: {
  properties: readonly (readonly [name: string, value: string])[];
}) {
  return (
    <dl class="properties">
      {properties.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
