using System.Security.Cryptography;
using RateLimiter.Domain.Keys;

namespace RateLimiter.Domain;

/// <summary>
/// The public name of a client (a tenant): 16 letters and digits, 95 random bits. It is not a secret and stands in
/// the names of the store's keys.
/// </summary>
public readonly record struct ClientId(string Value)
{
    public const int Length = 16;

    public static ClientId New() => new(RandomNumberGenerator.GetString(ApiKey.Alphabet, Length));

    public override string ToString() => Value;
}
