using System.Text.Json;
using System.Text.Json.Serialization;

namespace RateLimiting.Client.Generated;

public partial class RateLimiterApi
{
    /// <summary>Says of a request that it changes nothing, although it is a POST.</summary>
    internal static readonly HttpRequestOptionsKey<bool> ChangesNothing = new("changes_nothing");

    private static readonly AsyncLocal<bool> IsLooking = new();

    /// <summary>A check whose cost is 0.</summary>
    internal async Task<DecisionResponse> LookAsync(
        CheckRequest request,
        CancellationToken cancellationToken
    )
    {
        IsLooking.Value = true;
        return await CheckAsync(request, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>A batch of checks whose cost is 0.</summary>
    internal async Task<CheckBatchResponse> LookBatchAsync(
        CheckBatchRequest request,
        CancellationToken cancellationToken
    )
    {
        IsLooking.Value = true;
        return await CheckBatchAsync(request, cancellationToken).ConfigureAwait(false);
    }

    // A field that is null is left out, which is to the service always the same, but for a cost.
    static partial void UpdateJsonSerializerSettings(JsonSerializerOptions settings) =>
        settings.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;

#pragma warning disable CA1822 // The generated part says what it is.
    partial void PrepareRequest(HttpClient client, HttpRequestMessage request, string url)
    {
        if (IsLooking.Value)
        {
            request.Options.Set(ChangesNothing, true);
        }
    }
#pragma warning restore CA1822
}
