using System.Security.Cryptography;

namespace RateLimiter.Domain;

/// <summary>
/// The public id of a client (a tenant): 16 letters and digits, 95 random bits. It is not a secret and is part of the
/// names of the store's keys.
/// </summary>
public readonly record struct ClientId(string Value)
{
    public const int Length = 16;

    /// <summary>The alphabet of ids and keys: letters and digits only, so that a double click selects a whole id.</summary>
    internal const string Alphabet =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static ClientId New() => new(RandomNumberGenerator.GetString(Alphabet, Length));

    public override string ToString() => Value;
}
