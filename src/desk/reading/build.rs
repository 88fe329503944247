//! The archive as a folder of files for any web server: the same pages, whole or not at all.
