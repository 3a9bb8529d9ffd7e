// AssemblyScript's loader. Files of this folder name the libraries that travel inside the package: scripts/bundle.mjs
// puts each into its file of dist/vendor/.
export { instantiate, instantiateSync } from '@assemblyscript/loader';
