using System.Security.Cryptography;

namespace RateLimiter.Infrastructure.Embedded;

/// <summary>What a file must contain.</summary>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Hash">The SHA-256 of so many bytes, in hexadecimal.</param>
internal readonly record struct Checksum(long Length, string Hash)
{
    /// <summary>The checksum of a file that is there.</summary>
    public static Checksum Of(string path)
    {
        using var stream = File.OpenRead(path);
        return new Checksum(stream.Length, Convert.ToHexString(SHA256.HashData(stream)));
    }
}
