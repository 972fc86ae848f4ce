using System.Text.Json;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>
/// Writes decisions as the serializer would write a <see cref="DecisionResponse"/>, but by hand: in the hot path of a check
/// the serializer, and the allocation of its response, cost more than the decision.
/// </summary>
internal static class DecisionJson
{
    private static readonly JsonEncodedText Allowed = JsonEncodedText.Encode("allowed");
    private static readonly JsonEncodedText Granted = JsonEncodedText.Encode("granted");
    private static readonly JsonEncodedText Remaining = JsonEncodedText.Encode("remaining");
    private static readonly JsonEncodedText ResetIn = JsonEncodedText.Encode("reset_in");
    private static readonly JsonEncodedText ResetsAt = JsonEncodedText.Encode("resets_at");
    private static readonly JsonEncodedText Reason = JsonEncodedText.Encode("reason");
    private static readonly JsonEncodedText Limit = JsonEncodedText.Encode("limit");
    private static readonly JsonEncodedText Capacity = JsonEncodedText.Encode("capacity");
    private static readonly JsonEncodedText RetryAfter = JsonEncodedText.Encode("retry_after");
    private static readonly JsonEncodedText RetryAfterMs = JsonEncodedText.Encode("retry_after_ms");
    private static readonly JsonEncodedText MatchedRole = JsonEncodedText.Encode("matched_role");
    private static readonly JsonEncodedText MatchedRoute = JsonEncodedText.Encode("matched_route");
    private static readonly JsonEncodedText ShadowDenied = JsonEncodedText.Encode("shadow_denied");
    private static readonly JsonEncodedText Degraded = JsonEncodedText.Encode("degraded");
    private static readonly JsonEncodedText OverrideId = JsonEncodedText.Encode("override_id");
    private static readonly JsonEncodedText Violated = JsonEncodedText.Encode("violated");

    public static void Write(Utf8JsonWriter json, Decision decision)
    {
        json.WriteStartObject();
        json.WriteBoolean(Allowed, decision.Allowed);
        json.WriteNumber(Granted, decision.Granted);
        json.WriteNumber(Remaining, decision.Remaining);
        json.WriteNumber(ResetIn, decision.ResetIn.RoundUp(TimeSpan.TicksPerSecond));
        if (decision.ResetsAt is { } end)
        {
            json.WriteString(ResetsAt, end);
        }
        else
        {
            json.WriteNull(ResetsAt);
        }

        json.WriteString(Reason, decision.Reason);
        json.WriteNumber(Limit, decision.Limit);
        json.WriteNumber(Capacity, decision.Capacity);
        if (decision.RetryAfter is { } wait)
        {
            json.WriteNumber(RetryAfter, wait.RoundUp(TimeSpan.TicksPerSecond));
            json.WriteNumber(RetryAfterMs, wait.RoundUp(TimeSpan.TicksPerMillisecond));
        }
        else
        {
            json.WriteNull(RetryAfter);
            json.WriteNull(RetryAfterMs);
        }

        json.WriteString(MatchedRole, decision.Policy.Key.Role);
        json.WriteString(MatchedRoute, decision.Policy.Key.RouteKey);
        json.WriteBoolean(ShadowDenied, decision.ShadowDenied);
        json.WriteBoolean(Degraded, decision.Degraded);
        json.WriteStartArray(Violated);
        foreach (var name in decision.Violated)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteString(OverrideId, decision.OverrideId);
        json.WriteEndObject();
    }
}
