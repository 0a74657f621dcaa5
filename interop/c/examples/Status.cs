// The same from C#, by P/Invoke: Status FOLDER FINGERPRINT EDITION. Needs libmuster.so where the loader finds it (LD_LIBRARY_PATH).
using System;
using System.Runtime.InteropServices;

static class Muster
{
    const string Library = "muster";

    [DllImport(Library)]
    public static extern int muster_open(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string folder,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string fingerprint,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string edition,
        out IntPtr opened);

    [DllImport(Library)] public static extern void muster_free(IntPtr handle);
    [DllImport(Library)] public static extern int muster_state(IntPtr handle);
    [DllImport(Library)] static extern IntPtr muster_state_name(IntPtr handle);
    [DllImport(Library)] public static extern long muster_days_left(IntPtr handle);
    [DllImport(Library)] static extern IntPtr muster_error_code(int error);
    [DllImport(Library)] static extern IntPtr muster_error_hint(int error);

    public static string StateName(IntPtr handle) => Marshal.PtrToStringUTF8(muster_state_name(handle)) ?? "";
    public static string Told(int error) =>
        Marshal.PtrToStringUTF8(muster_error_code(error)) + ": " + Marshal.PtrToStringUTF8(muster_error_hint(error));
}

static class Program
{
    const int Licensed = 2;

    static int Main(string[] words)
    {
        if (words.Length != 3)
        {
            Console.Error.WriteLine("usage: Status FOLDER FINGERPRINT EDITION");
            return 2;
        }
        int error = Muster.muster_open(words[0], words[1], words[2], out IntPtr handle);
        if (error != 0)
        {
            Console.Error.WriteLine(Muster.Told(error));
            return 2;
        }
        try
        {
            Console.WriteLine($"{Muster.StateName(handle)}, {Muster.muster_days_left(handle)} days left");
            return Muster.muster_state(handle) == Licensed ? 0 : 1;
        }
        finally
        {
            Muster.muster_free(handle);
        }
    }
}
