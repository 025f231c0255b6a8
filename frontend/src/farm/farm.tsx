export function Farm() {
  return <div class="screen"><h1>Farm</h1></div>;
}
