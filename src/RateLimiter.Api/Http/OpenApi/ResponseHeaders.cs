using NJsonSchema;
using NSwag;

namespace RateLimiter.Api.Http.OpenApi;

internal static class ResponseHeaders
{
    /// <summary>Documents a header that a response can have.</summary>
    public static void SetHeader(this OpenApiResponse answer, string name, string description) =>
        answer.Headers[name] = new OpenApiHeader
        {
            Description = description,
            Schema = new JsonSchema { Type = JsonObjectType.String },
        };
}
