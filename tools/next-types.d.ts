// What Next says of imported styles and pictures. Its own next-env.d.ts says the same, but exists only after a build.
/// <reference types="next" />
/// <reference types="next/image-types/global" />
