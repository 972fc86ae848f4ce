using System.Net;
using System.Security.Cryptography;

namespace RateLimiter.TestServices;

/// <summary>Addresses of callers.</summary>
public static class Addresses
{
    /// <summary>An address that no other test, and no earlier run, has used.</summary>
    public static string NewIPv4() =>
        $"{new IPAddress([10, .. RandomNumberGenerator.GetBytes(3)])}";
}
