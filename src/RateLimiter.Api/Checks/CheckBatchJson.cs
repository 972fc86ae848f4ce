using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using RateLimiter.Api.Http.Errors;
using RateLimiter.Api.Http.Json;
using RateLimiter.Application.Checks;

namespace RateLimiter.Api.Checks;

/// <summary>Responds with the results of a batch, written by hand like a single decision.</summary>
/// <param name="outcomes">The outcomes of the valid items, in their order.</param>
/// <param name="errors">The validation errors of the other items, by their places; null when there are none.</param>
internal sealed class CheckBatchJson(
    IReadOnlyList<CheckEachOutcome> outcomes,
    IReadOnlyDictionary<int, Dictionary<string, string[]>>? errors
) : IActionResult
{
    private static readonly JsonEncodedText Results = JsonEncodedText.Encode("results");
    private static readonly JsonEncodedText Error = JsonEncodedText.Encode("error");

    public Task ExecuteResultAsync(ActionContext context) =>
        JsonResponse.WriteLongAsync(context.HttpContext.Response, context.HttpContext, Write);

    private void Write(Utf8JsonWriter json, HttpContext http)
    {
        json.WriteStartObject();
        json.WriteStartArray(Results);
        var count = outcomes.Count + (errors?.Count ?? 0);
        var next = 0;
        for (var i = 0; i < count; i++)
        {
            if (errors?.GetValueOrDefault(i) is { } invalid)
            {
                WriteError(json, http, ProblemResponse.ValidationProblem(http, invalid));
            }
            else if (outcomes[next++] is { Decision: { } decision })
            {
                DecisionJson.Write(json, decision);
            }
            else
            {
                WriteError(json, http, CheckProblems.Of(http, outcomes[next - 1].Problem!));
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteError(Utf8JsonWriter json, HttpContext http, ProblemDetails error)
    {
        var options = http.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value;
        json.WriteStartObject();
        json.WritePropertyName(Error);
        // By its runtime type: a validation problem has a list of invalid fields.
        JsonSerializer.Serialize(json, error, error.GetType(), options.JsonSerializerOptions);
        json.WriteEndObject();
    }
}
