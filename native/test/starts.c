/* Does nothing: whether a program built with a sanitizer starts on this machine at all. */
int main(void) { return 0; }
