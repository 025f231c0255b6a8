export function Listen() {
  return <div class="screen"><h1>Listen</h1></div>;
}
