namespace RateLimiter.Api.Http.Json;

/// <summary>The operation knows every parameter of the query whose name begins like this.</summary>
/// <param name="prefix">The beginning.</param>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class QueryPrefixAttribute(string prefix) : Attribute
{
    public string Prefix { get; } = prefix;
}
