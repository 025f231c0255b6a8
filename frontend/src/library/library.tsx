export function Library() {
  return <div class="screen"><h1>Library</h1></div>;
}
