export function Write() {
  return <div class="screen"><h1>Write</h1></div>;
}
