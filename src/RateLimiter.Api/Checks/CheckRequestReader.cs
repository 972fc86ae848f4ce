using System.Text.Json;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;

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
        MinCost = 16,
        Subjects = 32,
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
        long? minCost = null;
        SubjectValues? subjects = null;
        var seen = Fields.None;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field =
                json.ValueTextEquals("user_id"u8) ? Fields.UserId
                : json.ValueTextEquals("route_key"u8) ? Fields.RouteKey
                : json.ValueTextEquals("role"u8) ? Fields.Role
                : json.ValueTextEquals("cost"u8) ? Fields.Cost
                : json.ValueTextEquals("subjects"u8) ? Fields.Subjects
                : json.ValueTextEquals("min_cost"u8) ? Fields.MinCost
                : Fields.None;
            if (field == Fields.None || seen.HasFlag(field) || !json.Read())
            {
                return null;
            }

            seen |= field;
            if (field is Fields.Cost or Fields.MinCost)
            {
                if (json.TokenType != JsonTokenType.Number || !json.TryGetInt64(out var permits))
                {
                    return null;
                }

                _ = field == Fields.Cost ? cost = permits : minCost = permits;
                continue;
            }

            if (field == Fields.Subjects)
            {
                if (!TryReadSubjects(ref json, out subjects))
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
            ? new CheckRequest(userId, routeKey, role, cost, minCost, subjects)
            : null;
    }

    private static string? TextOf(in Utf8JsonReader json, string? known) =>
        known is not null && json.TokenType == JsonTokenType.String && json.ValueTextEquals(known)
            ? known
            : json.GetString();

    private static bool TryReadSubjects(ref Utf8JsonReader json, out SubjectValues? subjects)
    {
        subjects = null;
        if (json.TokenType == JsonTokenType.Null)
        {
            return true;
        }

        if (json.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }

        var pairs = new List<KeyValuePair<string, string>>();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            if (
                !json.Read()
                || json.TokenType != JsonTokenType.String
                || pairs.Exists(pair => pair.Key == name)
            )
            {
                return false;
            }

            pairs.Add(new(name, json.GetString()!));
        }

        subjects = SubjectValues.Of(pairs);
        return json.TokenType == JsonTokenType.EndObject;
    }
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
