using System.Text.Json;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>Reads a valid check. It leaves invalid input to the serializer, which reports the errors.</summary>
internal sealed class CheckRequestReader : IJsonBodyReader
{
    [Flags]
    private enum Fields
    {
        None = 0,
        UserId = 1,
        RouteKey = 2,
        Role = 4,
        Cost = 8,
    }

    public Type Type => typeof(CheckRequest);

    public object? Read(ref Utf8JsonReader json) => json.Read() ? ReadObject(ref json) : null;

    /// <param name="json">At the first token of the object; at its last after reading.</param>
    /// <param name="previous">
    /// The check before it in a batch: most have the same route and role, whose texts are then shared.
    /// </param>
    internal static CheckRequest? ReadObject(ref Utf8JsonReader json, CheckRequest? previous = null)
    {
        if (json.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        string? userId = null;
        string? routeKey = null;
        string? role = null;
        var cost = CheckRules.DefaultCost;
        var seen = Fields.None;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field =
                json.ValueTextEquals("user_id"u8) ? Fields.UserId
                : json.ValueTextEquals("route_key"u8) ? Fields.RouteKey
                : json.ValueTextEquals("role"u8) ? Fields.Role
                : json.ValueTextEquals("cost"u8) ? Fields.Cost
                : Fields.None;
            if (field == Fields.None || seen.HasFlag(field) || !json.Read())
            {
                return null;
            }

            seen |= field;
            if (field == Fields.Cost)
            {
                if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out cost))
                {
                    return null;
                }

                continue;
            }

            if (json.TokenType is not (JsonTokenType.String or JsonTokenType.Null))
            {
                return null;
            }

            _ = field switch
            {
                Fields.UserId => userId = json.GetString(),
                Fields.RouteKey => routeKey = TextOf(json, previous?.RouteKey),
                _ => role = TextOf(json, previous?.Role),
            };
        }

        return json.TokenType == JsonTokenType.EndObject
            ? new CheckRequest(userId, routeKey, role, cost)
            : null;
    }

    private static string? TextOf(in Utf8JsonReader json, string? known) =>
        known is not null && json.TokenType == JsonTokenType.String && json.ValueTextEquals(known)
            ? known
            : json.GetString();
}

/// <summary>Reads a batch of checks that are all valid.</summary>
internal sealed class CheckBatchRequestReader : IJsonBodyReader
{
    public Type Type => typeof(CheckBatchRequest);

    public object? Read(ref Utf8JsonReader json)
    {
        var isList =
            json.Read()
            && json.TokenType == JsonTokenType.StartObject
            && json.Read()
            && json.TokenType == JsonTokenType.PropertyName
            && json.ValueTextEquals("checks"u8)
            && json.Read()
            && json.TokenType == JsonTokenType.StartArray;
        if (!isList)
        {
            return null;
        }

        var checks = new List<CheckBatchItem>();
        CheckRequest? check = null;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            check = CheckRequestReader.ReadObject(ref json, check);
            if (check is null)
            {
                return null;
            }

            checks.Add(new CheckBatchItem(check));
        }

        return json.Read() && json.TokenType == JsonTokenType.EndObject
            ? new CheckBatchRequest(checks)
            : null;
    }
}
