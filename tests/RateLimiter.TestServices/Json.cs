using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RateLimiter.TestServices;

/// <summary>A JSON object to send. Null members are omitted, and text is unescaped UTF-8.</summary>
public sealed class Json
{
    private static readonly JsonSerializerOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly JsonObject members = [];

    public JsonNode? this[string name]
    {
        set
        {
            if (value is not null)
            {
                members[name] = value;
            }
        }
    }

    public override string ToString() => members.ToJsonString(Options);
}
